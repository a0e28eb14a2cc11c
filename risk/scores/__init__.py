"""Published scores as pure functions: inputs in, score with its parts out. No Django here."""
