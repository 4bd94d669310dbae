"""The text of the screens: pure functions of what is shown and of a width in terminal cells."""
