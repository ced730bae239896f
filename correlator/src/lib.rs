#![allow(missing_docs)]
use schemas::*;
use std::path::Path;
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Config {
    pub window_secs: u64,
}
impl Config {
    pub fn validate(&self) -> Result<(), String> {
        Ok(())
    }
}
#[derive(Debug, thiserror::Error)]
#[error("store")]
pub struct StoreError;
pub struct RocksStore;
impl RocksStore {
    pub fn open(_: &Path) -> Result<Self, StoreError> {
        Ok(Self)
    }
    pub fn destroy(_: &Path) -> Result<(), StoreError> {
        Ok(())
    }
}
pub struct Correlator<S>(S);
impl<S> Correlator<S> {
    pub fn new(_: Config, s: S) -> Self {
        Self(s)
    }
    pub fn process(&mut self, _: Signal) -> Result<Vec<Incident>, StoreError> {
        Ok(vec![])
    }
    pub fn flush(&mut self) -> Result<Vec<Incident>, StoreError> {
        Ok(vec![])
    }
    pub fn commit(&mut self, _: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }
    pub fn rollback(&mut self) {}
    pub fn position(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }
    pub fn has_pending(&self) -> bool {
        false
    }
}
