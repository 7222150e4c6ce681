//! Drives the kernel with real clocks, disks and sockets.
