//! Whether a new generation answers as the live one does.
