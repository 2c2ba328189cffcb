"""How long a build takes and how much memory, against a plain count and against other tools."""
