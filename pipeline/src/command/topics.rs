//! `weir topics plan|apply`: what the topics and their schemas are, and creating what is missing.

use std::io::{self, Write as _};

use crate::cli::TopicsAction;
use crate::config::Config;
use crate::failure::Failure;
use crate::framing;
use crate::kafka::client::Client;
use crate::kafka::topics::{self, Cleanup, Topic};
use crate::schema_registry::SchemaRegistry;

/// Runs the command.
///
/// # Errors
/// When the configuration is wrong or the cluster cannot be reached.
pub fn run(action: &TopicsAction) -> Result<(), Failure> {
    let (args, apply) = match action {
        TopicsAction::Plan(args) => (args, false),
        TopicsAction::Apply(args) => (args, true),
    };
    let config = Config::load(&args.config)?;
    config.require_kafka()?;
    let client = Client::new(&config, None);
    let existing = topics::existing(&client)?;
    let wanted = topics::wanted(&config);
    let missing: Vec<&Topic> = wanted.iter().filter(|topic| !existing.contains_key(&topic.name)).collect();
    // Done before it is told: whoever reads may go away.
    if apply && !missing.is_empty() {
        topics::create(&client, &missing, config.file.topics.replication_factor)?;
    }
    for topic in &wanted {
        let state = match existing.get(&topic.name) {
            None => if apply { "created" } else { "missing" }.to_owned(),
            Some(partitions) if *partitions == topic.partitions as usize => "exists".to_owned(),
            Some(partitions) => format!("exists with {partitions} partitions; Weir leaves it as it is"),
        };
        writeln!(
            io::stdout(),
            "{:<28} {:>3} partitions  {:<18} {state}",
            topic.name,
            topic.partitions,
            describe(topic)
        )?;
    }
    schemas(&config, apply)
}

/// The schemas in the registry, where one is configured.
fn schemas(config: &Config, apply: bool) -> Result<(), Failure> {
    let Some(settings) = &config.registry else { return Ok(()) };
    let registry = SchemaRegistry::new(settings)?;
    for subject in framing::subjects(config) {
        let state = match registry.lookup(&subject.name, subject.schema)? {
            Some(id) => format!("registered as {id}"),
            None if apply => format!("registered as {}", registry.register(&subject.name, subject.schema)?),
            None => "missing".to_owned(),
        };
        writeln!(io::stdout(), "{:<28} schema {:<26} {state}", subject.name, subject.record)?;
    }
    Ok(())
}

fn describe(topic: &Topic) -> String {
    match topic.cleanup {
        Cleanup::Delete => format!("kept {} h", topic.retention_hours),
        Cleanup::Compact => "newest of each key".to_owned(),
    }
}
