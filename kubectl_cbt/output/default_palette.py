"""The palette that is used unless another one is chosen. Loads nothing: every command knows it."""

DEFAULT_PALETTE = "cividis"
