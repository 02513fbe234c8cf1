"""What keeps text, files, folders and traces of strangers harmless to the process and to the user."""
