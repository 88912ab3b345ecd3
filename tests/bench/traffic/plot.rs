//! Lateness against rate, as a picture: ours, k6 and oha, each as the server sees it. `cargo bench -- traffic` writes it to
//! `target/bench/lateness.svg`.

use super::once::{self, Kind};
use super::{others, seen};
use std::fmt::Write;
use std::path::Path;

const RATES: [u64; 6] = [1_000, 2_000, 5_000, 10_000, 20_000, 40_000];
const SECONDS: u64 = 3;
/// What of the picture the plot takes, and its scales: requests/s, and milliseconds.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 610.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 330.0;
const LATE: [f64; 6] = [0.01, 0.1, 1.0, 10.0, 100.0, 1_000.0];

/// One generator: its name, its colour, and the 99th percentile of its lateness at each rate.
struct Line {
    name: &'static str,
    colour: &'static str,
    points: Vec<(u64, f64)>,
}

pub(crate) fn bench(folder: &Path) {
    let (url, came) = seen::server();
    let names = [("ours", "#1f6feb"), ("k6", "#7d4cdb"), ("oha", "#d9480f")];
    let mut lines: Vec<Line> = names.map(|(name, colour)| Line { name, colour, points: Vec::new() }).into();
    for rate in RATES {
        for line in &mut lines {
            came.lock().unwrap().clear();
            let is_there = match line.name {
                "k6" => others::k6_open(folder, &url, rate, SECONDS),
                "oha" => others::oha_open(&url, rate, SECONDS),
                _ => {
                    once::measure(Kind::Http, &url, rate, SECONDS);
                    true
                }
            };
            if is_there {
                line.points.push((rate, seen::late(&came.lock().unwrap(), rate)[1]));
            }
        }
    }
    println!("\np99 of how late requests come, in ms, as the server sees it, at {RATES:?} requests/s");
    for line in &lines {
        let told: Vec<String> = line.points.iter().map(|(_, late)| format!("{late:.3}")).collect();
        println!("{:>26} {}", line.name, told.join("  "));
    }
    let to = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&to).unwrap();
    std::fs::write(to.join("lateness.svg"), picture(&lines)).unwrap();
    println!("{:>26} {}", "picture:", to.join("lateness.svg").display());
}

fn x(rate: u64) -> f64 {
    let whole = (RATES[RATES.len() - 1] as f64 / RATES[0] as f64).ln();
    LEFT + (RIGHT - LEFT) * (rate as f64 / RATES[0] as f64).ln() / whole
}

fn y(late: f64) -> f64 {
    let whole = (LATE[LATE.len() - 1] / LATE[0]).ln();
    BOTTOM - (BOTTOM - TOP) * (late.clamp(LATE[0], LATE[LATE.len() - 1]) / LATE[0]).ln() / whole
}

fn picture(lines: &[Line]) -> String {
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 400\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"640\" height=\"400\" fill=\"#fff\"/>\n",
    );
    for late in LATE {
        let at = y(late);
        writeln!(
            svg,
            "<path d=\"M{LEFT} {at:.1}H{RIGHT}\" stroke=\"#ddd\"/><text x=\"62\" y=\"{:.1}\" text-anchor=\"end\">{late}</text>",
            at + 4.0
        )
        .unwrap();
    }
    for rate in RATES {
        let at = x(rate);
        writeln!(
            svg,
            "<path d=\"M{at:.1} {TOP}V{BOTTOM}\" stroke=\"#ddd\"/><text x=\"{at:.1}\" y=\"348\" text-anchor=\"middle\">{}k</text>",
            rate / 1_000
        )
        .unwrap();
    }
    svg.push_str("<text x=\"340\" y=\"370\" text-anchor=\"middle\">requests/s, evenly spaced</text>\n");
    svg.push_str("<text transform=\"translate(18 175) rotate(-90)\" text-anchor=\"middle\">lateness, p99, ms</text>\n");
    for (place, line) in lines.iter().filter(|line| !line.points.is_empty()).enumerate() {
        let points: Vec<String> = line.points.iter().map(|(rate, late)| format!("{:.1},{:.1}", x(*rate), y(*late))).collect();
        let (colour, at) = (line.colour, 90 + place * 70);
        writeln!(svg, "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>", points.join(" ")).unwrap();
        writeln!(svg, "<text x=\"{at}\" y=\"390\" fill=\"{colour}\">{}</text>", line.name).unwrap();
    }
    svg + "</svg>\n"
}
