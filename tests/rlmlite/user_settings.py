"""The settings of the user who runs a test: each test has a home of its own (`tests/conftest.py`)."""

from pathlib import Path

from rlmlite.cli.settings.files import user_path


def write_user_settings(text: str) -> Path:
    """Make this the user's own settings. Returns the file."""
    path = user_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    return path
