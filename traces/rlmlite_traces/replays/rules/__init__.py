"""Rules of a replay beyond computing records again: who spoke, how a run ends, what excuses a difference."""
