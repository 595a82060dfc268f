"""Tests of the axis dialect, by a driver that writes what the vendor's SDK writes."""
