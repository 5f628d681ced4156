"""What AWS Marketplace's agreements say of buyers whose notices were lost, and which key follows which."""
