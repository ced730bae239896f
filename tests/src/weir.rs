//! The product as a user runs it: the binary, its files, its processes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// How long a command that ends by itself may run.
const COMMAND_MAX: Duration = Duration::from_secs(120);
/// How long a process may take to stop when asked.
const STOP_MAX: Duration = Duration::from_secs(30);

/// The binary that this test run was built with.
///
/// # Errors
/// When it is not there: `cargo test --workspace` builds it.
pub fn binary() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.parent().and_then(Path::parent).context("a test stands in target/<profile>/deps")?;
    let binary = folder.join("weir");
    ensure!(binary.is_file(), "{} is missing: build the workspace first", binary.display());
    Ok(binary)
}

/// Runs a command to its end.
///
/// # Errors
/// When it cannot be started or does not end in time.
pub fn weir(args: &[&str]) -> Result<Output> {
    let mut child = Command::new(binary()?)
        .args(args)
        .env("WEIR_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // Read while it runs: a full pipe would stop it.
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let out = std::thread::spawn(move || read_all(stdout));
    let err = std::thread::spawn(move || read_all(stderr));
    let status = wait(&mut child, COMMAND_MAX).with_context(|| format!("weir {}", args.join(" ")))?;
    let join = |thread: std::thread::JoinHandle<Vec<u8>>| thread.join().unwrap_or_default();
    Ok(Output { status, stdout: join(out), stderr: join(err) })
}

fn read_all(pipe: Option<impl std::io::Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What was read before an error is what the test looks at.
        let _ = pipe.read_to_end(&mut bytes);
    }
    bytes
}

/// Runs a command that must succeed.
///
/// # Errors
/// With what it wrote to standard error.
pub fn weir_ok(args: &[&str]) -> Result<Output> {
    let output = weir(args)?;
    ensure!(output.status.success(), "weir {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr));
    Ok(output)
}

fn wait(child: &mut Child, limit: Duration) -> Result<std::process::ExitStatus> {
    let until = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() > until {
            child.kill()?;
            bail!("did not end within {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// `weir run` in a process of its own, killed when dropped.
pub struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts `weir run` with `config` for `stage`; standard error goes to `log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(config: &Path, stage: &str, instance: &str, log: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).open(log)?;
        let child = Command::new(binary()?)
            .args(["run", "--stage", stage, "--instance", instance, "--config"])
            .arg(config)
            .env("WEIR_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()?;
        Ok(Self { child, log: log.to_owned() })
    }

    /// SIGKILL: no chance to clean up.
    ///
    /// # Errors
    /// When it is not running any more, which would make the test void.
    pub fn kill(mut self) -> Result<()> {
        ensure!(self.child.try_wait()?.is_none(), "it ended before it was killed: {}", self.log()?);
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM, and it must end well.
    ///
    /// # Errors
    /// When it does not end in time, or not with exit code 0.
    pub fn stop(mut self) -> Result<()> {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id())?);
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM)?;
        let status = wait(&mut self.child, STOP_MAX)?;
        ensure!(status.success(), "it ended with {status}: {}", self.log()?);
        Ok(())
    }

    /// Everything logged so far, of all processes that share the file.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.log)?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already gone is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a JSONL file.
///
/// # Errors
/// When it cannot be read or a line is not JSON.
pub fn json_lines(path: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.lines().map(|line| serde_json::from_str(line).context("a line is not JSON")).collect()
}

/// The last revision of each incident, by uid.
///
/// # Errors
/// When one has no uid, or revisions have gaps.
pub fn final_incidents(revisions: &[Value]) -> Result<std::collections::BTreeMap<String, Value>> {
    let mut last: std::collections::BTreeMap<String, Value> = std::collections::BTreeMap::new();
    for revision in revisions {
        let uid = revision.pointer("/metadata/correlation_uid").and_then(Value::as_str).context("no uid")?;
        let sequence = |value: &Value| value.pointer("/metadata/sequence").and_then(Value::as_u64);
        let expected = last.get(uid).and_then(sequence).unwrap_or(0) + 1;
        ensure!(
            sequence(revision) == Some(expected),
            "incident {uid}: revision {:?} after {}",
            sequence(revision),
            expected - 1
        );
        last.insert(uid.to_owned(), revision.clone());
    }
    Ok(last)
}

/// The ids of the source records that an incident lists.
pub fn source_ids(incident: &Value) -> std::collections::BTreeSet<String> {
    let members = incident.get("finding_info_list").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let id = |member: &Value| member.pointer("/related_events/0/uid").and_then(Value::as_str).map(str::to_owned);
    members.iter().filter_map(id).collect()
}
