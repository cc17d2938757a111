import { KeyObject, randomBytes, subtle, type webcrypto } from 'node:crypto'
import { BitString, Integer, OctetString, Utf8String } from 'asn1js'
import {
  AttributeTypeAndValue, AuthorityKeyIdentifier, BasicConstraints, Certificate, ExtKeyUsage, Extension, GeneralName, GeneralNames, GeneralSubtree,
  NameConstraints
} from 'pkijs'

/** A certificate and its private key, both in PEM. */
export interface KeyAndCertificate {
  key: string
  certificate: string
}

const dayMs = 86_400_000
// For other machines on whose clocks it is earlier.
const backdatedMs = dayMs
const authorityDays = 3650
// What Apple's systems take at most: https://support.apple.com/en-us/103769
const serverDays = 825
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }

// https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1
const oid = {
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuthentication: '1.3.6.1.5.5.7.3.1'
}

const loopback = { 4: [127, 0, 0, 1], 6: [...Array<number>(15).fill(0), 1] }

// https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.6
const hostName = (value: string) => new GeneralName({ type: 2, value })
const address = (bytes: number[]) => new GeneralName({ type: 7, value: new OctetString({ valueHex: new Uint8Array(bytes) }) })

// Bits from the first: https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.3
const usages = { signCertificates: 0b0000_0100, signData: 0b1000_0000 }

/**
 * An authority of certificates for this machine alone: whoever trusts it trusts it for `localhost`, names below it and loopback
 * addresses, and for nothing else, even where its key gets into other hands.
 *
 * @param name the common name, which is to be another one for each
 * @param nowMs from when on it is valid, in epoch milliseconds
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10
 */
export async function makeAuthority (name: string, nowMs: number): Promise<KeyAndCertificate> {
  const keys = await subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = draft(name, name, nowMs, authorityDays)
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey)
  const keyId = await certificate.getKeyHash()
  const permittedSubtrees = [hostName('localhost'), address([...loopback[4], 255, 0, 0, 0]), address([...loopback[6], ...loopback[6].map(() => 255)])]
    .map(base => new GeneralSubtree({ base }))
  certificate.extensions = [
    extension(oid.basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }).toSchema(), true),
    extension(oid.keyUsage, bits(usages.signCertificates), true),
    extension(oid.nameConstraints, new NameConstraints({ permittedSubtrees }).toSchema(), true),
    extension(oid.subjectKeyIdentifier, new OctetString({ valueHex: keyId }))
  ]
  return sign(certificate, keys.privateKey, keys.privateKey)
}

/**
 * A certificate for servers, signed by an authority. Loopback addresses are in it beside the names.
 *
 * @param names host names; wildcards directly below `localhost` are refused by browsers
 * @param nowMs from when on it is valid, in epoch milliseconds
 */
export async function makeServerCertificate (authority: KeyAndCertificate, names: readonly string[], nowMs: number): Promise<KeyAndCertificate> {
  const issuer = Certificate.fromBER(bytesOf(authority.certificate))
  const issuerKey = await subtle.importKey('pkcs8', bytesOf(authority.key), algorithm, false, ['sign'])
  const keys = await subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = draft(names[0]!, nameOf(issuer), nowMs, serverDays)
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey)
  const altNames = [...names.map(hostName), ...Object.values(loopback).map(address)]
  certificate.extensions = [
    extension(oid.basicConstraints, new BasicConstraints({ cA: false }).toSchema(), true),
    extension(oid.keyUsage, bits(usages.signData), true),
    extension(oid.extendedKeyUsage, new ExtKeyUsage({ keyPurposes: [oid.serverAuthentication] }).toSchema()),
    extension(oid.subjectAlternativeName, new GeneralNames({ names: altNames }).toSchema()),
    extension(oid.subjectKeyIdentifier, new OctetString({ valueHex: await certificate.getKeyHash() })),
    extension(oid.authorityKeyIdentifier, new AuthorityKeyIdentifier({ keyIdentifier: new OctetString({ valueHex: await issuer.getKeyHash() }) }).toSchema())
  ]
  return sign(certificate, issuerKey, keys.privateKey)
}

function draft (subject: string, issuer: string, nowMs: number, days: number): Certificate {
  const certificate = new Certificate({ version: 2, serialNumber: new Integer({ valueHex: serialNumber() }) })
  const named = (value: string) => new AttributeTypeAndValue({ type: oid.commonName, value: new Utf8String({ value }) })
  certificate.subject.typesAndValues.push(named(subject))
  certificate.issuer.typesAndValues.push(named(issuer))
  certificate.notBefore.value = new Date(nowMs - backdatedMs)
  certificate.notAfter.value = new Date(nowMs - backdatedMs + days * dayMs)
  return certificate
}

/** Positive, and not to be guessed: https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.2 */
function serialNumber (): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(randomBytes(16))
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return bytes
}

async function sign (certificate: Certificate, by: webcrypto.CryptoKey, privateKey: webcrypto.CryptoKey): Promise<KeyAndCertificate> {
  await certificate.sign(by, 'SHA-256')
  const der = Buffer.from(certificate.toSchema(true).toBER())
  return {
    key: String(KeyObject.from(privateKey).export({ type: 'pkcs8', format: 'pem' })),
    certificate: `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`
  }
}

const bytesOf = (pem: string) => new Uint8Array(Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64'))

const nameOf = (certificate: Certificate): string => String((certificate.subject.typesAndValues[0]!.value as Utf8String).valueBlock.value)

function extension (extnID: string, value: { toBER (): ArrayBuffer }, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: value.toBER() })
}

function bits (byte: number): BitString {
  return new BitString({ valueHex: new Uint8Array([byte]), unusedBits: Math.log2(byte & -byte) })
}
