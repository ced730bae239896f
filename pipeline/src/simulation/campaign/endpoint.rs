//! What campaigns leave on computers.

use schemas::Timestamp;

use super::Play;
use super::catalogue::Endpoint;
use crate::simulation::organisation::hex;
use crate::simulation::vendors::{crowdstrike, defender, windows};

impl Play<'_, '_> {
    pub(super) fn endpoint(&mut self, act: Endpoint, time: Timestamp) {
        let person = self.account().clone();
        let (path, hash) = self.cast.malware.clone();
        let file = (path.as_str(), hash.as_str());
        let exit = self.exit();
        let inner_ip = self.scene.place(&person, time).inner_ip;
        let host = self.cast.shared_host;
        let url = format!("https://{}/in", self.cast.domain);
        let rng = &mut self.scene.rng;
        let on = (&person, &person.device);
        let written = match act {
            Endpoint::MalwareStart if person.subsidiary => crowdstrike::process(rng, time, &person, file, &path),
            Endpoint::MalwareStart => defender::process(rng, time, on, file, &path),
            Endpoint::CommandAndControl => defender::connection(rng, time, on, &inner_ip, (&exit, &url)),
            Endpoint::StealerAlert if person.subsidiary => {
                crowdstrike::alert(rng, time, &person, ("Browser credentials read", 70, "T1555.003"), file)
            }
            Endpoint::MalwareAlert if person.subsidiary => {
                crowdstrike::alert(rng, time, &person, ("Malicious file executed", 70, "T1204.002"), file)
            }
            Endpoint::StealerAlert | Endpoint::MalwareAlert => {
                let (title, category, technique) = if matches!(act, Endpoint::StealerAlert) {
                    ("Suspicious access to browser credential store", "CredentialAccess", "T1555.003")
                } else {
                    ("Malicious file was executed", "Execution", "T1204.002")
                };
                let service = "microsoftDefenderForEndpoint";
                let finding = defender::Finding { title, category, severity: "high", technique, service };
                let device = defender::device_evidence(&person.device, Some(&person));
                let evidence = vec![device, defender::user_evidence(&person), defender::file_evidence(file)];
                defender::alert(rng, time, &finding, evidence)
            }
            Endpoint::LateralLogon => windows::logon(rng, time, &person, host, &inner_ip),
            Endpoint::SharedHostProcess => {
                let tool = hex(rng, 64);
                let image = ("C:\\ProgramData\\tools\\collector.exe", tool.as_str());
                windows::process(rng, time, (&person, host), image, "collector.exe -c All --zip out.zip")
            }
            Endpoint::KerberosAlert => {
                let finding = defender::Finding {
                    title: "Suspected Kerberos SPN exposure",
                    category: "CredentialAccess",
                    severity: "high",
                    technique: "T1558.003",
                    service: "microsoftDefenderForIdentity",
                };
                let evidence = vec![defender::user_evidence(&person), defender::device_evidence(host, None)];
                defender::alert(rng, time, &finding, evidence)
            }
            Endpoint::DataLossAlert => {
                let finding = defender::Finding {
                    title: "Sensitive files were uploaded to a personal cloud",
                    category: "Exfiltration",
                    severity: "medium",
                    technique: "T1567.002",
                    service: "microsoftDataLossPrevention",
                };
                let device = defender::device_evidence(&person.device, Some(&person));
                let evidence = vec![
                    device,
                    defender::user_evidence(&person),
                    defender::url_evidence(&url),
                    defender::ip_evidence(&exit),
                ];
                defender::alert(rng, time, &finding, evidence)
            }
        };
        self.add(time, written);
    }
}
