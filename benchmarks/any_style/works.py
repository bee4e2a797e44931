"""The artworks that a sheet may show: what they are, and who holds them.

The sheet stands in the documentation, so it shows only these, whose museums give their
pictures to the public domain: the National Gallery of Art, the Smithsonian and the Metropolitan
Museum, the museums in Cleveland and Chicago. Titles and years are the museums'.
"""

from __future__ import annotations

from dataclasses import dataclass

NGA, SMITHSONIAN = "National Gallery of Art, Washington", "Smithsonian Institution, Washington"
MET, CLEVELAND = "Metropolitan Museum of Art, New York", "Cleveland Museum of Art"
CHICAGO = "Art Institute of Chicago"


@dataclass(frozen=True)
class Work:
    """An artwork in the public domain.

    Attributes:
        short: what stands beside it on the sheet.
        artist: who made it; empty where nobody knows.
        title, year, museum: as the museum has them.
    """

    short: str
    artist: str
    title: str
    year: str
    museum: str

    @property
    def credit(self) -> str:
        """``Artist, Title, Year (Museum)``, as far as known."""
        known = ", ".join(part for part in (self.artist, f"*{self.title}*", self.year) if part)
        return f"{known} ({self.museum})"


WORKS = {
    "artbreaker__alexej_von_jawlensky_still_life_with_bottles_and_fruit_nga_130841": Work(
        "Jawlensky", "Alexej von Jawlensky", "Still Life with Bottles and Fruit", "1900", NGA
    ),
    "artbreaker__ammi_phillips_portrait_of_helen_lena_ten_broeck_si_saam_2019_6_10": Work(
        "Phillips", "Ammi Phillips", "Portrait of Helen (Lena) Ten Broeck", "1834", SMITHSONIAN
    ),
    "artbreaker__bartolo_di_fredi_the_adoration_of_the_magi_metmuseum_458956": Work(
        "Bartolo di Fredi", "Bartolo di Fredi", "The Adoration of the Magi", "about 1390", MET
    ),
    "artbreaker__juan_gris_glass_and_checkerboard_nga_166491": Work(
        "Gris", "Juan Gris", "Glass and Checkerboard", "1917", NGA
    ),
    "artbreaker__mary_cassatt_the_boating_party_nga_46569": Work(
        "Cassatt", "Mary Cassatt", "The Boating Party", "1893", NGA
    ),
    "artbreaker__mary_victoria_leiter_curzon_lady_mary_victoria_leiter_curzon_si_npg_npg_96_94": (
        Work("Lady Curzon", "", "Lady Mary Victoria Leiter Curzon", "1901", SMITHSONIAN)
    ),
    "artbreaker__rufus_hathaway_molly_wales_fobes_metmuseum_11040": Work(
        "Hathaway", "Rufus Hathaway", "Molly Wales Fobes", "1790", MET
    ),
    "artbreaker__theo_van_rysselberghe_denise_marechal_nga_219555": Work(
        "Van Rysselberghe", "Théo van Rysselberghe", "Denise Maréchal", "1894", NGA
    ),
    "artbreaker__unknown_minamoto_no_yoshitsune_clevelandart_1919_914": Work(
        "Yoshitsune", "", "Minamoto no Yoshitsune", "1800 to 1868", CLEVELAND
    ),
    "artbreaker__unknown_panel_with_peonies_and_butterfly_metmuseum_39735": Work(
        "Peonies", "", "Panel with Peonies and Butterfly", "14th or 15th century", MET
    ),
    "artwall__adolphe_schreyer_man_with_lance_riding_through_the_895": Work(
        "Schreyer", "Adolphe Schreyer", "Man with Lance Riding through the Snow", "about 1880",
        CHICAGO,
    ),
    "artwall__adriaen_van_ostade_man_with_a_tankard_at_a_window_57643": Work(
        "Van Ostade", "Adriaen van Ostade", "Man with a Tankard at a Window", "", CHICAGO
    ),
}  # fmt: skip
"""By the stem of their files, in the order of the sheet."""
