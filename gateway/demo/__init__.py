"""The demo: the whole line with invented agencies and throwaway keys, told as it happens."""
