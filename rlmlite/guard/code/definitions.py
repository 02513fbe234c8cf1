"""What is a definition in each language, besides what its grammar's own tags name.

Tags were made for jumping to a name, so they leave out what is seldom jumped to: Java's records, enums and
constructors, aliases of TypeScript, macros of C. Each query here names more of them, by the words that tags use:

    (record_declaration name: (identifier) @name) @definition.class      record Order(int id) {}

Where tags and these name one thing twice, such as a function of C and its head, the wider span counts. Not here: what
comes after these, such as locals, parameters and names that code makes as it runs.
"""

from typing import Final

_C: Final = """
(function_definition declarator: (_ declarator: (identifier) @name)) @definition.function
(function_definition declarator: (_ declarator: (_ declarator: (identifier) @name))) @definition.function
(union_specifier name: (type_identifier) @name body: (_)) @definition.class
(type_definition declarator: (_ declarator: (type_identifier) @name)) @definition.type
(type_definition declarator: (_ declarator: (_ declarator: (_ declarator: (type_identifier) @name)))) @definition.type
(type_definition declarator: (_ (_ declarator: (type_identifier) @name))) @definition.type
(preproc_def name: (identifier) @name) @definition.macro
(preproc_function_def name: (identifier) @name) @definition.macro
(enumerator name: (identifier) @name) @definition.constant
(field_declaration declarator: (field_identifier) @name) @definition.field
(field_declaration declarator: (_ declarator: (field_identifier) @name)) @definition.field
(type_definition declarator: (_ declarator: (_ (_ declarator: (type_identifier) @name)))) @definition.type
"""

_JAVASCRIPT: Final = """
(method_definition name: (property_identifier) @name (#eq? @name "constructor")) @definition.constructor
(method_definition
  name: [(private_property_identifier) (string) (number) (computed_property_name)] @name) @definition.method
(variable_declarator name: (identifier) @name value: (class)) @definition.class
(variable_declarator name: (identifier) @name value: (generator_function)) @definition.function
(program (lexical_declaration (variable_declarator name: (identifier) @name) @definition.constant))
(program (export_statement (lexical_declaration (variable_declarator name: (identifier) @name) @definition.constant)))
"""

_TYPESCRIPT: Final = """
(enum_declaration name: (identifier) @name) @definition.enum
(enum_body name: (property_identifier) @name @definition.constant)
(enum_assignment name: (property_identifier) @name) @definition.constant
(type_alias_declaration name: (type_identifier) @name) @definition.type
(internal_module name: [(identifier) (nested_identifier)] @name) @definition.module
(module name: (string) @name) @definition.module
(public_field_definition
  name: [(property_identifier) (private_property_identifier)] @name
  value: [(arrow_function) (function_expression)]) @definition.method
(public_field_definition name: [(property_identifier) (private_property_identifier)] @name) @definition.field
(property_signature name: (property_identifier) @name) @definition.field
"""

MORE: Final[dict[str, str]] = {
    "c": _C,
    "cpp": _C
    + """
(function_definition declarator: (_ declarator: (field_identifier) @name)) @definition.method
(function_definition declarator: (_ declarator: (qualified_identifier name: (_) @name))) @definition.method
(function_definition declarator: (_ declarator: [(destructor_name) (operator_name)] @name)) @definition.method
(function_declarator declarator: [(destructor_name) (operator_name)] @name) @definition.method
(namespace_definition name: (_) @name) @definition.module
(alias_declaration name: (type_identifier) @name) @definition.type
(concept_definition name: (identifier) @name) @definition.type
""",
    "go": """
(type_alias name: (type_identifier) @name) @definition.type
(const_spec (identifier) @name) @definition.constant
(source_file (var_declaration (var_spec name: (identifier) @name) @definition.variable))
(source_file (var_declaration (var_spec_list (var_spec name: (identifier) @name) @definition.variable)))
(method_elem name: (field_identifier) @name) @definition.method
(field_declaration name: (field_identifier) @name) @definition.field
""",
    "java": """
(record_declaration name: (identifier) @name) @definition.class
(enum_declaration name: (identifier) @name) @definition.enum
(enum_constant name: (identifier) @name) @definition.constant
(annotation_type_declaration name: (identifier) @name) @definition.interface
(annotation_type_element_declaration name: (identifier) @name) @definition.method
(constructor_declaration name: (identifier) @name) @definition.constructor
(compact_constructor_declaration name: (identifier) @name) @definition.constructor
(field_declaration declarator: (variable_declarator name: (identifier) @name) @definition.field)
(constant_declaration declarator: (variable_declarator name: (identifier) @name) @definition.constant)
(module_declaration name: (_) @name) @definition.module
""",
    "javascript": _JAVASCRIPT
    + """
(field_definition
  property: [(property_identifier) (private_property_identifier)] @name
  value: [(arrow_function) (function_expression)]) @definition.method
(field_definition property: [(property_identifier) (private_property_identifier)] @name) @definition.field
""",
    "php": """
(enum_declaration name: (name) @name) @definition.enum
(enum_case name: (name) @name) @definition.constant
(const_declaration (const_element (name) @name)) @definition.constant
""",
    "python": """
(type_alias_statement left: (type (identifier) @name)) @definition.type
(class_definition body: (block (expression_statement (assignment left: (identifier) @name) @definition.field)))
""",
    "ruby": """
(assignment left: (constant) @name) @definition.constant
""",
    "rust": """
(impl_item type: (type_identifier) @name) @definition.implementation
(impl_item type: (generic_type type: (type_identifier) @name)) @definition.implementation
(const_item name: (identifier) @name) @definition.constant
(static_item name: (identifier) @name) @definition.constant
(enum_variant name: (identifier) @name) @definition.constant
(function_signature_item name: (identifier) @name) @definition.method
(associated_type name: (type_identifier) @name) @definition.type
(field_declaration name: (field_identifier) @name) @definition.field
""",
    "tsx": _JAVASCRIPT + _TYPESCRIPT,
    "typescript": _JAVASCRIPT + _TYPESCRIPT,
}
"""For each language what is a definition too. The order counts: of two that name one span, the first."""
