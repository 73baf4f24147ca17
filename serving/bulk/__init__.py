"""Many articles at once: the command that classifies files."""
