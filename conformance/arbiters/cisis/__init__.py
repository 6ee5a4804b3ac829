"""The official ANS package TestContenuCDA as a second judge: inspected, worked around, run, compared. Never vendored.

package    the user's folder: found, read-only, letter case forgiven, missing value sets made again in the cache
inspect    what is broken in it, what follows from that, what we do about it
volets     which document model a document claims
grammar    the XSD, with the verdict of the official validator (Xerces)
codes      terminologies (RDF) as a table
stylesheets  compiled schematrons, kept on disk
engine     SaxonC in this process
runner     `Official`: documents judged in several processes
compare    our findings beside its own
"""
