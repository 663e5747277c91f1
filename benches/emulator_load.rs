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
const RUNS: usize = 11;
const WRITES: usize = 10_000;
const LISTS: [&str; 12] = [
    "$top=999",
    "$top=999&$select=id,displayName",
    "$top=999&$filter=startswith(displayName,'Seeded%20application%200')",
    "$top=999&$filter=startswith(displayName,'x')",
    "$top=999&$filter=displayName%20eq%20'Seeded%20application%2000042'",
    "$top=999&$filter=tags/any(t:t%20eq%20'group-07')",
    "$top=999&$count=true",
    "$top=999&$count=true&$orderby=displayName",
    "$top=999&$expand=owners",
    "$top=999&$search=%22displayName:seeded%22",
    "$top=999&$search=%22displayName:nothing%22",
    "$top=999&$count=true&$filter=tags/any(t:t%20eq%20'seeded')&$orderby=displayName%20desc",
];

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

/// The middle and the longest time of a list, and its body.
fn listed(connection: &mut Connection, query: &str, headers: &str) -> (Duration, Duration, Value) {
    let mut times = Vec::new();
    let mut page = Value::Null;
    for _ in 0..RUNS {
        let begun = Instant::now();
        let (status, body) = connection.send("GET", &format!("/v1.0/applications?{query}"), headers, "");
        times.push(begun.elapsed());
        page = serde_json::from_slice(&body).unwrap();
        assert_eq!(status, 200, "{query}: {page}");
    }
    times.sort_unstable();
    (times[RUNS / 2], times[RUNS - 1], page)
}

/// What the server's process holds now, and the most that it ever held.
fn memory(process: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let megabytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse::<u64>().map_or_else(|_| "?".to_owned(), |kb| (kb / 1024).to_string())
    };
    format!("{} MB resident (at most {})", megabytes("VmRSS:"), megabytes("VmHWM:"))
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, tenant, client_id, secret, process] = &arguments[..] else {
        panic!("emulator_load URL TENANT CLIENT_ID CLIENT_SECRET PROCESS");
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
    let bearer = format!("Authorization: Bearer {}\r\n", token["access_token"].as_str().unwrap());
    let eventual = format!("{bearer}ConsistencyLevel: eventual\r\n");
    let headers = format!("{bearer}Content-Type: application/json\r\n");

    let mut ids: Vec<String> = Vec::new();
    for query in LISTS {
        let (middle, longest, page) = listed(&mut connection, query, &eventual);
        let listed = page["value"].as_array().unwrap();
        println!(
            "{:>6.1} ms  at most {:>6.1}  {:>3} of {query}",
            milliseconds(middle),
            milliseconds(longest),
            listed.len()
        );
        if ids.is_empty() {
            ids = listed.iter().map(|application| application["id"].as_str().unwrap().to_owned()).collect();
        }
    }
    println!("after the lists    {}", memory(process));

    let path = |number: usize| format!("/v1.0/applications/{}", ids[number.wrapping_mul(7919) % ids.len()]);
    let (reads, slow) = rate(url, 4, |connection, number| connection.send("GET", &path(number), &headers, "").0);
    println!("reads by id        {reads:>8.0}/s   slowest {slow:.1?}");
    let (alone, slow) = rate(url, 1, |connection, number| change(connection, &path(number), &headers, number));
    println!("changes, 1 client  {alone:>8.0}/s   slowest {slow:.1?}");
    let (changes, slow) = rate(url, 8, |connection, number| change(connection, &path(number), &headers, number));
    println!("changes, 8 clients {changes:>8.0}/s   slowest {slow:.1?}");
    let (creations, slow) = rate(url, 8, |connection, number| {
        let body =
            json!({ "displayName": format!("Load {number}"), "uniqueName": format!("load-{number}") }).to_string();
        connection.send("POST", "/v1.0/applications", &headers, &body).0
    });
    println!("creations          {creations:>8.0}/s   slowest {slow:.1?}");
    for number in 0..WRITES {
        assert_eq!(change(&mut connection, &path(number), &headers, number), 204);
    }
    println!("{WRITES} more writes  {}", memory(process));
    for query in LISTS {
        listed(&mut connection, query, &eventual);
    }
    println!("lists once more    {}", memory(process));
}

fn change(connection: &mut Connection, path: &str, headers: &str, number: usize) -> u16 {
    connection.send("PATCH", path, headers, &json!({ "notes": format!("written {number}") }).to_string()).0
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
