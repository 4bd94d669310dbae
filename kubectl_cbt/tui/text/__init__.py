"""The text of the screens: pure functions of what is shown and a width in terminal cells."""
