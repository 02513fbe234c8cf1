"""Whom a user trusts: folders' settings (`trusted`, `folder_rules`), traces (`origin`), what is named (`access`)."""
