"""Python values as inputs: what each kind of value means (`plain`), and the input that it becomes (`python_values`)."""

from rlmlite.inputs.values.python_values import Data, Table, Url, from_python, with_content

__all__ = ["Data", "Table", "Url", "from_python", "with_content"]
