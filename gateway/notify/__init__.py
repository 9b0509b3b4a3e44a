"""What leaves by mail or webhook: result mails, forwards, and the outbox sender that owes them."""
