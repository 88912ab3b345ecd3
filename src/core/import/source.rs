//! The tools whose records are read, and how those that generate load send.

use crate::model::words;

words! {
    /// The tool that wrote a record. It decides how lines are read and what they cannot show.
    RecordSource {
        /// `k6 run --out json=FILE`.
        K6 = "k6",
        /// `oha --output-format csv`.
        Oha = "oha",
        /// `vegeta encode --to json` or `--to csv`.
        Vegeta = "vegeta",
        /// A CSV with a row a request, as a listener of Locust or JMeter's writes it.
        Locust = "locust",
        /// nginx's access log.
        Nginx = "nginx",
        /// HAProxy's HTTP log.
        Haproxy = "haproxy",
        /// Envoy's access log.
        Envoy = "envoy",
    }
}

words! {
    /// The load model of a generator: whether requests waited for each other.
    LoadModel {
        /// They were sent on a schedule, whatever became of the others.
        Open = "open",
        /// Each worker sent its next one once its last had ended.
        Closed = "closed",
    }
}
