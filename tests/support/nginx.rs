//! Somebody else's TLS: an nginx with HTTP/2 before a service, and a private authority that signed for it.

use super::{Project, wait_for};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// It answers at `https://localhost:PORT`. Dropping it ends it.
pub(crate) struct Nginx {
    process: Child,
    pub(crate) port: u16,
    /// Whom to trust.
    pub(crate) authority: PathBuf,
}

impl Nginx {
    /// Before this `http://host:port`.
    pub(crate) fn start(project: &Project, upstream: &str) -> Self {
        let authority = certificates(project);
        // A port that was free a moment ago is almost surely free now.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        project.write("nginx/nginx.conf", &CONFIG.replace("PORT", &port.to_string()).replace("UPSTREAM", upstream));
        let program = if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" };
        let mut command = Command::new(program);
        command.arg("-p").arg(project.path("nginx")).args(["-c", "nginx.conf", "-e", "error.log"]);
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = process.expect("this test needs nginx, for example from Debian's package nginx-light");
        let nginx = Self { process, port, authority };
        wait_for("nginx", || TcpStream::connect(("127.0.0.1", port)).ok());
        nginx
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Writes an authority and what it signed for `localhost`.
pub(crate) fn certificates(project: &Project) -> PathBuf {
    let (own, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "a private authority");
    let pem = params.self_signed(&own).unwrap().pem();
    let leaf = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &Issuer::new(params, own)).unwrap();
    project.write("nginx/leaf.pem", &leaf.pem());
    project.write("nginx/leaf.key", &key.serialize_pem());
    project.write("nginx/authority.pem", &pem);
    project.path("nginx/authority.pem")
}

/// Answers pass as they come, and every path is the prefix's own folder.
const CONFIG: &str = "\
daemon off;
master_process off;
pid nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxied;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {
        listen 127.0.0.1:PORT ssl http2;
        ssl_certificate leaf.pem;
        ssl_certificate_key leaf.key;
        location / {
            proxy_pass UPSTREAM;
            proxy_http_version 1.1;
            proxy_set_header connection '';
            proxy_buffering off;
        }
    }
}
";
