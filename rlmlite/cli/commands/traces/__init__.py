"""Commands on traces, one folder per family: read what they say, replay them, pass them on."""
