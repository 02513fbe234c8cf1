"""How a controller is held to the language: the forms of programs, what a server can, the fields of a request."""
