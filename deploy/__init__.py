"""From a fresh checkout to a running one: locked packages, the two commands, and the checks on the lock files."""
