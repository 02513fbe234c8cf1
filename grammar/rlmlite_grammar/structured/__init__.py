"""Programs as structured data, for servers that hold a model to a JSON schema and to nothing else.

    {"program": {"t1": {"call": "search", "target": {"var": "context"}, "query": "ERROR", "limit": null, "where": null},
                 "then": {"call": "final", "value": {"call": "count", "value": {"var": "t1"}}, "evidence": null}}}

    t1 = search(target=context, query="ERROR")
    final(value=count(value=t1))

The schema is made of what the decode rules are made of: the action table and the names of the turn. A statement holds
the statements after it in `then`, because a schema, like a grammar, can say "a variable that was assigned before" only
by where something stands. Texts are JSON strings; what a grammar must spell with care, as the braces of a template, is
data here. Every property is required, as OpenAI's strict mode wants it; null stands for an argument that is left out.
"""

from rlmlite_grammar.structured.reader import read_structured
from rlmlite_grammar.structured.schema import program_schema

__all__ = ["program_schema", "read_structured"]
