"""Floor 4: what a person starts. Thin: wire, call, return."""
