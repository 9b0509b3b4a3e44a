"""Values and rules, pure: no clock, no file, no database, nothing of ours imported."""
