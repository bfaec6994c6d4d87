"""Random schedules of faults at the portal: `make chaos-sii`, and a few in the ordinary tests."""
