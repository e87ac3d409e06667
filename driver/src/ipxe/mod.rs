//! The files by which nodes boot with iPXE.
