//! Puts load on a served emulator and prints how much it takes: `benches/emulator.sh` runs it.
//!
//! It speaks HTTP/1.1 over plain sockets, so that it takes little of the processor that it measures.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot go on has failed; it prints")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

const FOR: Duration = Duration::from_secs(3);

/// One connection that is kept.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(url: &str) -> Self {
        let stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    fn send(&mut self, method: &str, path: &str, headers: &str, body: &str) -> (u16, Vec<u8>) {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut status, mut length, mut line) = (0, 0, String::new());
        loop {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            let head = line.trim_end().to_ascii_lowercase();
            if head.is_empty() {
                break;
            }
            if let Some(rest) = head.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(value) = head.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (status, body)
    }
}

/// How many requests a second so many connections get answered, and the slowest answer.
fn rate(url: &str, connections: usize, request: impl Fn(&mut Connection, usize) -> u16 + Sync) -> (f64, Duration) {
    let begun = Instant::now();
    let done: Vec<(usize, Duration)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..connections)
            .map(|worker| {
                let request = &request;
                scope.spawn(move || {
                    let mut connection = Connection::open(url);
                    let (mut count, mut slowest) = (0, Duration::ZERO);
                    while begun.elapsed() < FOR {
                        let sent = Instant::now();
                        let status = request(&mut connection, worker + count * connections);
                        assert!((200..300).contains(&status), "status {status}");
                        slowest = slowest.max(sent.elapsed());
                        count += 1;
                    }
                    (count, slowest)
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let count: usize = done.iter().map(|(count, _)| count).sum();
    let slowest = done.iter().map(|(_, slowest)| *slowest).max().unwrap();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    (count as f64 / begun.elapsed().as_secs_f64(), slowest)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, tenant, client_id, secret] = &arguments[..] else {
        panic!("emulator_load URL TENANT CLIENT_ID CLIENT_SECRET");
    };
    let mut connection = Connection::open(url);
    let form = format!(
        "grant_type=client_credentials&client_id={client_id}&client_secret={}&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default",
        secret.replace('~', "%7E")
    );
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    let (status, body) = connection.send("POST", &format!("/{tenant}/oauth2/v2.0/token"), kind, &form);
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    let token: Value = serde_json::from_slice(&body).unwrap();
    let headers = format!(
        "Authorization: Bearer {}\r\nContent-Type: application/json\r\n",
        token["access_token"].as_str().unwrap()
    );
    let mut pages = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    for _ in 0..15 {
        let begun = Instant::now();
        let (status, body) = connection.send("GET", "/v1.0/applications?$top=999", &headers, "");
        pages.push(begun.elapsed());
        assert_eq!(status, 200);
        if ids.is_empty() {
            let page: Value = serde_json::from_slice(&body).unwrap();
            let listed = page["value"].as_array().unwrap().iter();
            ids = listed.map(|application| application["id"].as_str().unwrap().to_owned()).collect();
        }
    }
    pages.sort_unstable();
    let path = |number: usize| format!("/v1.0/applications/{}", ids[number.wrapping_mul(7919) % ids.len()]);
    let begun = Instant::now();
    let query = "/v1.0/applications?$filter=displayName%20eq%20'Seeded%20application%2000042'";
    assert_eq!(connection.send("GET", query, &headers, "").0, 200);
    let filter = begun.elapsed();
    let (reads, slow_read) = rate(url, 4, |connection, number| connection.send("GET", &path(number), &headers, "").0);
    let (patches, slow_patch) = rate(url, 8, |connection, number| {
        let body = json!({ "notes": format!("written {number}") }).to_string();
        connection.send("PATCH", &path(number), &headers, &body).0
    });
    let (creations, slow_creation) = rate(url, 8, |connection, number| {
        let body =
            json!({ "displayName": format!("Load {number}"), "uniqueName": format!("load-{number}") }).to_string();
        connection.send("POST", "/v1.0/applications", &headers, &body).0
    });
    println!("reads by id        {reads:>8.0}/s   slowest {slow_read:.1?}");
    println!("durable changes    {patches:>8.0}/s   slowest {slow_patch:.1?}");
    println!("durable creations  {creations:>8.0}/s   slowest {slow_creation:.1?}");
    println!("page of {:<10} {:>8.1} ms  first {:.1?}", ids.len(), pages[7].as_secs_f64() * 1000.0, pages[14]);
    println!("unindexed filter   {:>8.1} ms", filter.as_secs_f64() * 1000.0);
}
