"""What sends traffic to workloads: Services that choose by a label, and HTTPRoutes that weigh."""
