"""What may be typed: the options of the commands, their help, where else they may be said, and what they mean."""
