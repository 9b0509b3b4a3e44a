"""The one door behind every way in: a `Submission` becomes a Fax with its deliveries; then pages."""
