"""What is asked of a bundle on every platform. Each function asserts, and leaves faults lifted."""
