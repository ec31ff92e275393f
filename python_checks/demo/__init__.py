"""The demo clinic: seeds with planted faults, generated from one number."""

from data_health.demo.clinic import demo_seeds, write_demo

__all__ = ["demo_seeds", "write_demo"]
