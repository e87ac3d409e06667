//! Where this project differs from oslo.config on purpose.
