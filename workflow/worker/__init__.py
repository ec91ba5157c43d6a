"""What runs inside the converter environment: Python 3.8, started by the host, spoken to over a private channel."""
