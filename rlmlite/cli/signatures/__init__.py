"""What each command takes and says of itself, one module per command. What it does is in `commands`.

Options that commands share are in `options`. Nothing heavy is imported at the top of these modules, so that
`rlmlite --help` answers at once; a command's work is imported when it runs.
"""
