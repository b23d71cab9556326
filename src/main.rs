//! The `vitrine` binary. Everything is in the library, so that tests and benchmarks reach it too.

fn main() -> std::process::ExitCode {
    vitrine::cli::run()
}
