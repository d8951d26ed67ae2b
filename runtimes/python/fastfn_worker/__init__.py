"""The Python worker: one process, one function, one connection to the gateway. Standard library only."""
