"""Settings of the command line: `rlmlite.toml` in the current folder, then `RLMLITE_*` in the environment, then flags.

What comes later wins, name by name; of `limits` and `prices` entry by entry. The Python API reads none of this: what
it is given is all there is. Keys are not settings: they stay in the environment (see `clients.openai`).
"""

import os
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from rlmlite.clients import Calling
from rlmlite.clients.interface.options import WORKERS, Decode
from rlmlite.clients.interface.prices import nano, told
from rlmlite.errors import SettingError
from rlmlite.inputs.formats.reading import Reading, reading
from rlmlite.runs.limits import limits as limits_from
from rlmlite.runs.log import DEFAULT_STORE
from rlmlite_kernel.engines import MAX_THREADS, use_threads
from rlmlite_kernel.records.settings import Limits

FILE = Path("rlmlite.toml")

_Dollars = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
_CALLING = Calling()


class Config(BaseSettings):
    """What may be set. `limits` are those of `Limits`, `prices` are `IN,OUT` by model string, `read` is `Reading`."""

    model_config = SettingsConfigDict(
        env_prefix="RLMLITE_", env_nested_delimiter="__", toml_file=FILE, extra="forbid", frozen=True
    )

    sub: str | None = None
    controller: str | None = None
    nested: list[str] = []
    policy: Path | None = None
    tools: list[str] = []
    approve: str | None = None
    max_cost: _Dollars | None = None
    confirm_above: _Dollars | None = None
    limits: dict[str, int | str] = {}
    prices: dict[str, str] = {}
    read: dict[str, bool | int | str] = {}
    workers: int = Field(WORKERS, ge=1, le=1_000)
    threads: int | None = Field(None, ge=1, le=MAX_THREADS)
    timeout: float = Field(_CALLING.timeout, gt=0, le=86_400)
    retries: int = Field(_CALLING.retries, ge=0, le=20)
    stream: bool = _CALLING.stream
    decode: Decode | None = _CALLING.decode
    store: Path | None = None
    copy_inputs: bool = False
    temperature: float | None = Field(_CALLING.temperature, ge=0, le=2)
    max_output_tokens: int = Field(_CALLING.max_output_tokens, ge=1, le=10_000_000)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then the environment, then the file: the first that has a name wins."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    def kernel_limits(self) -> Limits:
        """The limits of a run, with the cost that it may have. Raises `SettingError`."""
        given = [f"{name}={value}" for name, value in self.limits.items()]
        if self.max_cost is None:
            return limits_from(given)
        if "cost_nano" in self.limits:
            raise SettingError("max_cost and the limit cost_nano say the same thing; give one of them")
        return msgspec.structs.replace(limits_from(given), cost_nano=nano(self.max_cost))

    def reading(self) -> Reading:
        """How inputs are read. Raises `SettingError`."""
        return reading(self.read)

    def use_threads(self) -> None:
        """Lets the kernel's searches use the threads that are set, or else as many as there are processors for us."""
        use_threads(self.threads or min(MAX_THREADS, _processors()))

    @property
    def copy_to(self) -> Path | None:
        """The folder of the store that inputs are copied to, if they are."""
        return (self.store or DEFAULT_STORE) if self.copy_inputs else None

    def calling(self, **more: Any) -> Calling:
        """How model servers are asked. Raises `SettingError`."""
        prices = dict(told(f"{model}={amounts}") for model, amounts in self.prices.items())
        return Calling(
            workers=self.workers,
            timeout=self.timeout,
            retries=self.retries,
            stream=self.stream,
            decode=self.decode,
            temperature=self.temperature,
            max_output_tokens=self.max_output_tokens,
            prices=prices,
            **more,
        )


def _processors() -> int:
    """How many processors this process may use; where the system does not say, how many there are."""
    allowed = getattr(os, "sched_getaffinity", None)
    return (len(allowed(0)) if allowed is not None else os.cpu_count()) or 1


def load(**flags: Any) -> Config:
    """The settings, with flags before all (`None` is a flag that was not given). Raises `SettingError`."""
    try:
        return Config(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        raise SettingError("; ".join(map(_fault, error.errors()))) from None
    except (OSError, ValueError) as error:  # the file is not readable, or not TOML
        raise SettingError(f"{FILE} or an RLMLITE_ variable cannot be read: {error}") from None


def given_limits(arguments: Iterable[str]) -> dict[str, str]:
    """Limits as flags give them: `name=value`. Raises `SettingError`."""
    pairs = [argument.partition("=") for argument in arguments]
    for name, equals, _ in pairs:
        if not equals:
            limits_from([name])  # says what is wrong with it
    return {name: value for name, _, value in pairs}


def given_reading(arguments: Iterable[str]) -> dict[str, str]:
    """How inputs are read, as flags give it: `name=value`. Raises `SettingError`."""
    pairs = [argument.partition("=") for argument in arguments]
    for name, equals, _ in pairs:
        if not equals:
            raise SettingError(f"--read {name}: write --read {name}=VALUE")
    return {name: value for name, _, value in pairs}


def given_prices(arguments: Iterable[str]) -> dict[str, str]:
    """Prices as flags give them: `IN,OUT` for every model, or `MODEL=IN,OUT`."""
    pairs = [argument.rpartition("=") for argument in arguments]
    return {model: amounts for model, _, amounts in pairs}


def _fault(found: Any) -> str:
    name = ".".join(str(part) for part in found["loc"])
    if found["type"] == "extra_forbidden":
        return f"there is no setting `{name}` (in {FILE}); settings: {', '.join(Config.model_fields)}"
    return f"setting {name}: {found['msg']}"
