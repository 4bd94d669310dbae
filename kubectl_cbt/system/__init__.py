"""The machine: files, programs, cleanup at exit, and limits on the size of untrusted input."""
