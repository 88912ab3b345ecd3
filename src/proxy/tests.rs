//! The proxy as its users meet it: over its control API and its listeners, each fault on new and on open connections.
