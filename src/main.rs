//! The binary: everything is in the library's room `cli`.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
