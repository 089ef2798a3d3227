"""Power fails at any instant: what was answered before is on the disk, as traced system calls tell."""
