"""Does a driver keep the contract: cases as data, a runner that yields findings, and no printing."""
