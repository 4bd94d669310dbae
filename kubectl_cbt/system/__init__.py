"""The machine: files, programs, what is deleted at the end, and how much memory others may take."""
