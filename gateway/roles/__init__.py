"""What each role of a process is made of; `gateway.app` starts the roles it was told to."""
