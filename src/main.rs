//! The binary: everything is in the library's room `cli`.

fn main() -> std::process::ExitCode {
    lifeboat::cli::main()
}
